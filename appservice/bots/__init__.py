"""How any bot here is written: commands, buttons, dialogues, help."""
