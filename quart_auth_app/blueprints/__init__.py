"""The routes, one file for each group of pages, or a folder of files for a large group."""
