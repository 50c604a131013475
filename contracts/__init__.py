"""The facts that the services of Flöde tell each other, and how they travel."""
