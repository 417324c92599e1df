package skills

// File is one file of the package that a platform's console imports, by its path with slashes.
type File struct {
	Path    string
	Content []byte
}
