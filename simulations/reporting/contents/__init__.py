"""What a report says, one section a file: each turns recorded runs into paragraphs, tables and figures."""
