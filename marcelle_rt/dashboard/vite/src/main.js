// What the page's address opens.
import '@marcellejs/core/dist/marcelle.css';
import 'uplot/dist/uPlot.min.css';
import './theme.css';
import './style.css';
import './run/style.css';
import { showDashboard } from './dashboard.js';

showDashboard();
