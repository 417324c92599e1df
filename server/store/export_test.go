package store

// SealedColumns are the columns that Reseal knows, as table.column.
func SealedColumns() []string {
	var names []string
	for _, p := range places {
		names = append(names, p.column)
	}
	return names
}
