"""What dashboards record and show: datasets, predictions, and files of them."""
