package openbanking

// Serving is serving.
var Serving = serving
