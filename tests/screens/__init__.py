"""The gallery: every page in every state, as pictures, by which the design is judged."""
