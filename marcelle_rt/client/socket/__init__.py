"""A backend over Socket.IO: one connection for each login, kept up by itself, with the events that come over it."""
