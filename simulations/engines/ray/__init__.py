"""The engine `ray`: many processes, many machines."""
