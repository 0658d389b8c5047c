// The demo's page: the dashboard, and a panel in which a digit is drawn.
import { drawDigit } from './digit.js';
import { showDashboard } from './dashboard.js';

showDashboard('Marcelle, live from Python', ({ connection, catalogue, selection }) => drawDigit(connection, catalogue, selection));
