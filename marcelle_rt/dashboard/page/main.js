// What the page's address opens.
import { showDashboard } from './dashboard.js';

showDashboard();
