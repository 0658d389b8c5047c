"""What the command does about a backend of this machine: who has an account, and who reaches it."""
