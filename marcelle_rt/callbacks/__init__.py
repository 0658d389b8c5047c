"""Small adapters of training frameworks over Writer."""
