"""From records to texts by configuration: the grammar of columns, templates, filters and conditions in every target."""
