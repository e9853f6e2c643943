"""From what was found to what is shown: understanding, composing, verifying."""
