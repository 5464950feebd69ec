package sigma

// Breakdown is an error of the numbers, not of program or machine: they left all bounds, or are too far apart for their type.
type Breakdown struct{ error }

func (b Breakdown) Unwrap() error { return b.error }
