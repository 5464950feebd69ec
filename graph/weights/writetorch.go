package weights

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"drift/graph/objective"
	"drift/kernels"
)

// WriteTorch writes parameters as the state_dict that torch.save writes and torch.load reads, with weights_only too. A parameter that
// has several names is there under all of them, in one storage.
func WriteTorch(w io.Writer, params []objective.Param, dt kernels.DType, theta []float64) error {
	if err := fitting(theta, objective.NumParams(params)); err != nil {
		return err
	}
	params = inOrder(params)
	archive := torchWriter{zip: zip.NewWriter(w)}
	archive.add("data.pkl", pickled(params, dt))
	archive.add("byteorder", []byte("little"))
	for i, p := range params {
		archive.add(fmt.Sprintf("data/%d", i), view{theta[p.Offset : p.Offset+p.Len], nil, dt}.Data())
	}
	archive.add("version", []byte("3\n"))
	if archive.err != nil {
		return archive.err
	}
	return archive.zip.Close()
}

// torchWriter adds files to a zip archive as PyTorch's own writer does, so that the content of each begins at a multiple of 64 bytes.
type torchWriter struct {
	zip *zip.Writer
	at  int
	err error
}

func (t *torchWriter) add(name string, content []byte) {
	if t.err != nil {
		return
	}
	const header, align = 30, 64
	h := &zip.FileHeader{Name: "archive/" + name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(content),
		CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content))}
	begin := t.at + header + len(h.Name) + 4
	padding := (align - begin%align) % align
	h.Extra = binary.LittleEndian.AppendUint16([]byte("FB"), uint16(padding))
	h.Extra = append(h.Extra, make([]byte, padding)...)
	var entry io.Writer
	if entry, t.err = t.zip.CreateRaw(h); t.err == nil {
		_, t.err = entry.Write(content)
	}
	t.at = begin + padding + len(content)
}

// pickled is the state_dict in pickle's protocol 2: an OrderedDict of calls of _rebuild_tensor_v2.
func pickled(params []objective.Param, dt kernels.DType) []byte {
	p := pickler("\x80\x02ccollections\nOrderedDict\n)R(")
	class := map[kernels.DType]string{kernels.Float32: "FloatStorage", kernels.Float64: "DoubleStorage"}[dt]
	for i, param := range params {
		for _, name := range own(param) {
			p.text(name)
			p.op("ctorch._utils\n_rebuild_tensor_v2\n((")
			p.text("storage")
			p.op("ctorch\n" + class + "\n")
			p.text(fmt.Sprint(i))
			p.text("cpu")
			p.integer(param.Len)
			p.op("tQ") // what names the storage
			p.integer(0)
			shape := param.FileShape()
			strides := make([]int, len(shape))
			for k, step := len(shape)-1, 1; k >= 0; k-- {
				strides[k] = step
				step *= shape[k]
			}
			p.tuple(shape)
			p.tuple(strides)
			p.op("\x89ccollections\nOrderedDict\n)RtR") // requires_grad, hooks
		}
	}
	p.op("u.")
	return p
}

type pickler []byte

func (p *pickler) op(s string) { *p = append(*p, s...) }

func (p *pickler) text(s string) {
	*p = append(binary.LittleEndian.AppendUint32(append(*p, 'X'), uint32(len(s))), s...)
}

func (p *pickler) integer(n int) { *p = binary.LittleEndian.AppendUint32(append(*p, 'J'), uint32(n)) }

func (p *pickler) tuple(numbers []int) {
	p.op("(")
	for _, n := range numbers {
		p.integer(n)
	}
	p.op("t")
}
