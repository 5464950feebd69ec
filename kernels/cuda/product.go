//go:build gpu

package cuda

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"drift/kernels"
	"drift/kernels/cuda/cublas"
	"drift/kernels/cuda/cublaslt"
	"drift/kernels/cuda/driver"
)

// epilogue is one call of cublasLt.
type epilogue struct{ *cublaslt.Product }

func (e epilogue) issue(*device) error { return e.Run() }

func (e epilogue) kernel() string { return "cublaslt " + e.Epilogue.String() }

// openCuBLASLt opens cublasLt when it is first asked for and reports whether it is there.
func (d *device) openCuBLASLt() bool {
	if d.ltSought {
		return d.lt != nil
	}
	d.ltSought = true
	path := os.Getenv("DRIFT_CUBLASLT")
	switch path {
	case "off":
		return false
	case "":
		path = strings.Replace(d.blas.Path, "libcublas.so", "libcublasLt.so", 1)
	}
	var err error
	if d.lt, err = cublaslt.Open(path, d.stream, d.workspace, workspaceBytes); err != nil {
		d.notice("products are followed by kernels of their own, more slowly: %v", err)
		return false
	}
	d.report.CuBLASLt = driver.Version(d.lt.Version) + " " + path
	return true
}

// mask is where the product of one call notes for others whether ReLU let a number pass.
type mask struct {
	from   int   // the call that writes it
	to     []int // those that read it
	offset uint64
	made   bool
}

// findMasks pairs products that ReLU follows with those that take its derivative, where nothing else is written to its result between
// them, and keeps memory for their masks in front of the scratch memory.
func (p *planner) findMasks(calls []kernels.Call) {
	end := uint64(0)
	for to, c := range calls {
		op, ok := c.Op.(kernels.Product)
		if !ok || !op.Gradient || op.Activation != kernels.ReLU || !p.device.openCuBLASLt() {
			continue
		}
		from := writer(calls[:to], c.In[2].(*buffer))
		if from < 0 {
			continue
		}
		first, ok := calls[from].Op.(kernels.Product)
		if !ok || first.Gradient || first.Activation != kernels.ReLU || first.M != op.M || first.N != op.N ||
			calls[from].Out[0].(*buffer).ptr != c.In[2].(*buffer).ptr {
			continue
		}
		if m := p.noted(from); m != nil {
			m.to = append(m.to, to)
			continue
		}
		p.masks = append(p.masks, &mask{from: from, to: []int{to}, offset: end})
		end += (uint64(cublaslt.MaskBytes(op.M, op.N)) + 255) / 256 * 256
	}
	p.notes, p.maskBytes = max(p.scratch, 256), int64(end) // while sizes are found, no memory is there yet
	p.scratch += end
}

// writer is the last of some calls that writes to a buffer's memory, or −1.
func writer(calls []kernels.Call, b *buffer) int {
	end := func(b *buffer) uint64 { return b.ptr + uint64(b.bytes()) }
	for k := len(calls) - 1; k >= 0; k-- {
		for _, out := range calls[k].Out {
			if o := out.(*buffer); o.ptr < end(b) && b.ptr < end(o) {
				return k
			}
		}
	}
	return -1
}

// noted is the mask that a call writes or reads.
func (p *planner) noted(call int) *mask {
	for _, m := range p.masks {
		if m.from == call || slices.Contains(m.to, call) {
			return m
		}
	}
	return nil
}

// product plans a product and what follows it: by cublasLt, or as two kernels where that is not here or refuses it.
func (p *planner) product(call int, op kernels.Product, out, in []uint64) error {
	if why := p.byCuBLASLt(call, op, out, in); why == nil {
		p.joins++
		return nil
	} else if why != errNoEpilogue {
		p.ltRefusals = append(p.ltRefusals, fmt.Sprintf("product %v %s: %v", p.dtype, kernels.Describe(op), why))
	}
	z := out[op.Y()]
	if op.M*op.N > 0 { // else there are sums alone
		if err := p.gemm(op.Gemm, z, in[0], in[1]); err != nil {
			return err
		}
	}
	if op.FactorSums {
		return p.fused(op.SumsOfFactor(), out[:1], in[:1])
	}
	return p.fused(op.Chain(), out, append([]uint64{z}, in[2:]...))
}

// errNoEpilogue is why cublasLt is not asked.
var errNoEpilogue = errors.New("cublasLt has no part in it")

func (p *planner) byCuBLASLt(call int, op kernels.Product, out, in []uint64) error {
	if (op.Sums || op.FactorSums) && p.narrow[out[op.Y()]] {
		return errNoEpilogue // its sums would be rounded as its result is
	}
	if op.M*op.N*op.K == 0 || op.Alpha == 0 || max(op.M, op.N, op.K) > math.MaxInt32 || !p.device.openCuBLASLt() {
		return errNoEpilogue
	}
	l := &cublaslt.Product{Compute: p.compute(), TransA: op.TransA, TransB: op.TransB, M: op.M, N: op.N, K: op.K, Alpha: op.Alpha,
		A: in[0], B: in[1], C: out[op.Y()], Epilogue: epilogues[op.Activation], Narrow: p.narrow[in[0]], NarrowC: p.narrow[out[op.Y()]]}
	if l.Narrow {
		l.Compute = cublas.Float32
	}
	note := p.noted(call)
	switch {
	case op.Gradient && op.Activation == kernels.GELUTanh:
		l.Epilogue, l.Aux = cublaslt.GELUGradient, in[2]
	case op.Gradient && note == nil:
		return errNoEpilogue // x is no result of its
	case op.Gradient && !note.made:
		return errors.New("what ReLU let pass was not noted by cublasLt before")
	case op.Gradient:
		l.Epilogue = cublaslt.ReLUGradient
	case op.Keep:
		l.Epilogue, l.Aux = l.Epilogue|cublaslt.Aux, out[1]
	case note != nil:
		l.Epilogue |= cublaslt.Aux
	}
	switch {
	case op.FactorSums:
		l.Epilogue, l.Vector = cublaslt.FactorSums, out[0]
	case op.Sums:
		l.Epilogue, l.Vector = l.Epilogue|cublaslt.BiasGradient, out[0]
	case op.Bias:
		l.Epilogue, l.Vector = l.Epilogue|cublaslt.Bias, in[2]
	}
	if note != nil {
		l.Aux = p.notes + note.offset
	}
	if op.Activation == kernels.GELUTanh && l.Aux != 0 && (op.N%8 != 0 || l.Aux%vectorBytes != 0) {
		return fmt.Errorf("the input of GELU has %d columns and begins %d bytes behind a multiple of %d: columns must be a multiple of 8, and it must begin at one", op.N,
			l.Aux%vectorBytes, vectorBytes)
	}
	err := p.device.lt.Plan(l)
	if err != nil && note != nil && !op.Gradient { // it may do without the mask what it does not do with it
		l.Aux, l.Epilogue = 0, l.Epilogue&^cublaslt.Aux
		err = p.device.lt.Plan(l)
	}
	if err != nil {
		return err
	}
	if note != nil {
		note.made = l.Aux != 0
	}
	p.commands = append(p.commands, epilogue{l})
	return nil
}

var epilogues = map[kernels.Activation]cublaslt.Epilogue{kernels.ReLU: cublaslt.ReLU, kernels.GELUTanh: cublaslt.GELU}
