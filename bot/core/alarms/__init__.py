"""What alarms say, pure: JSON of monitors in, alarms out."""
