package group

import (
	"fmt"
	"unsafe"
)

// Sum replaces x, as long in all processes, by the sum over them. Process k's part is the k-th leaf of a binary tree: 0 and 1 are added, 2
// and 3, then these sums, and so on. A process that could not get to its part says why instead, and then all return errors as Agree
// does. Each sends and gets 2(K−1)/K of x.
func (g *Group) Sum(x any, err error) error {
	if err := g.Agree(err); err != nil || g.Size() == 1 {
		return err
	}
	switch x := x.(type) {
	case []float32:
		err = sum(g, x)
	case []float64:
		err = sum(g, x)
	default:
		return fmt.Errorf("a sum of %T: give []float32 or []float64", x)
	}
	if err != nil {
		return g.breaks("adding over %d processes: %w", g.Size(), err)
	}
	return nil
}

// most is how many elements are added at once, which bounds the room that it takes.
const most = 1 << 25

func sum[T float32 | float64](g *Group, x []T) error {
	for len(x) > most {
		if err := piece(g, x[:most]); err != nil {
			return err
		}
		x = x[most:]
	}
	return piece(g, x)
}

func piece[T float32 | float64](g *Group, x []T) error {
	k := g.Size()
	part := (len(x) + k - 1) / k
	in, out := room[T](g, 0, part*k), room[T](g, 1, part*k)
	copy(out, x)
	clear(out[len(x):])
	if err := g.transport.Exchange(raw(in), raw(out)); err != nil {
		return err
	}
	for apart := 1; apart < k; apart *= 2 {
		for at := 0; at < k; at += 2 * apart {
			add(in[at*part:(at+1)*part], in[(at+apart)*part:(at+apart+1)*part])
		}
	}
	if err := g.transport.Gather(raw(out), raw(in[:part])); err != nil {
		return err
	}
	copy(x, out)
	return nil
}

// add is x += y.
func add[T float32 | float64](x, y []T) {
	y = y[:len(x)]
	for len(x) >= 4 {
		x[0] += y[0]
		x[1] += y[1]
		x[2] += y[2]
		x[3] += y[3]
		x, y = x[4:], y[4:]
	}
	for i := range x {
		x[i] += y[i]
	}
}

// room is memory for n elements that stays where it is from call to call: a transport may hand it to a network card.
func room[T float32 | float64](g *Group, which, n int) []T {
	var one T
	bytes := n * int(unsafe.Sizeof(one))
	if len(g.room[which]) < bytes {
		g.room[which] = g.reserve(bytes)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(g.room[which]))), n)
}

// reserve is memory of the transport, where it has its own, or of this process.
func (g *Group) reserve(bytes int) []byte {
	if r, ok := g.transport.(interface{ Reserve(bytes int) []byte }); ok {
		return r.Reserve(bytes)
	}
	return raw(make([]float64, (bytes+7)/8))
}

func raw[T float32 | float64](x []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(*new(T))))
}
