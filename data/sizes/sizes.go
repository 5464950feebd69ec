// Package sizes multiplies the sizes of shapes that nobody vouches for.
package sizes

import "fmt"

// Product is the number of elements of a shape, 1 without axes. It fails where a size is negative, or where the product of those that are
// not zero is above most.
func Product(shape []int, most int) (int, error) {
	product, empty := 1, false
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("size %d is negative", d)
		}
		if d > most/product {
			return 0, fmt.Errorf("more than %d elements", most)
		}
		product *= max(d, 1)
		empty = empty || d == 0
	}
	if empty {
		return 0, nil
	}
	return product, nil
}
