package graph

import "math"

// Categorical draws a class for each row of probabilities p [n,c], given uniform random numbers u [n] in (0,1): the first class up to which
// the probabilities sum to u or more, as indices [n]. No derivative passes through it.
func Categorical(p, u *Node) *Node {
	_, c := matrix("categorical", p.Shape())
	if c < 2 {
		misuse("categorical: probabilities %v of one class", p.Shape())
	}
	up := SliceAxis(cumulative(Hold(p)), 1, 0, c-1) // whatever the last sum rounds to, it is not passed
	return indices(Sum(Greater(Broadcast(u, 1, c-1), up), 1))
}

// cumulative is the sums of the elements of each row [n,c] up to each of them. It cuts rows into about √c pieces, so that it takes
// matrices of √c rows and not of c.
func cumulative(x *Node) *Node {
	n, c := x.Shape()[0], x.Shape()[1]
	w := int(math.Ceil(math.Sqrt(float64(c))))
	if rest := w*w - c; rest > 0 {
		x = Concat(1, x, Full(x, 0, n, rest))
	}
	within := MatMul(Reshape(x, n*w, w), Triangle(x, w, 0, 1))
	before := MatMul(Reshape(SumTail(Reshape(x, n*w, w)), n, w), Triangle(x, w, 1, 1))
	return SliceAxis(Reshape(Add(within, Broadcast(Flatten(before), 1, w)), n, w*w), 1, 0, c)
}

// Triangle is a matrix [n,n] in the graph of a node: value where the column is at least by below behind the row, else 0. It is a vector of
// 2n elements repeated and read in rows of 2n−1, each of which begins one element earlier.
func Triangle(of *Node, n, below int, value float64) *Node {
	line := []*Node{Full(of, value, n-below), Full(of, 0, n)}
	if below > 0 {
		line = append([]*Node{Full(of, 0, below)}, line...)
	}
	all := SliceAxis(Reshape(Broadcast(Concat(0, line...), 0, n), 2*n*n), 0, 0, n*(2*n-1))
	return SliceAxis(Reshape(all, n, 2*n-1), 1, 0, n)
}
