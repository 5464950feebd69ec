package train

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// meter adds up loss and accuracy over steps on the device, so that they are brought to the host only where they are logged.
type meter struct {
	device   kernels.Device
	programs map[kernels.Buffer]*graph.Program // that add what a buffer [2] holds, of which a direction has one or a few
	total    kernels.Buffer                    // [2]
	steps    int                               // added up since the last reset
}

func newMeter(f *objective.Objective) (*meter, error) {
	total, err := f.Device().NewBuffer(f.DType(), 2)
	if err != nil {
		return nil, fmt.Errorf("preparing the log: %w", err)
	}
	return &meter{device: f.Device(), programs: map[kernels.Buffer]*graph.Program{}, total: total}, nil
}

// add adds what a step has measured.
func (m *meter) add(measured objective.Measured) error {
	from := measured.Buffer()
	program := m.programs[from]
	if program == nil {
		var err error
		program, err = graph.NewProgram(m.device, from.DType(), func(b *graph.Builder) {
			sum := b.Leaf(m.total, from.Len())
			b.Set(sum, graph.Add(sum, b.Leaf(from, from.Len())))
		})
		if err != nil {
			return fmt.Errorf("preparing the log: %w", err)
		}
		m.programs[from] = program
	}
	m.steps++
	return program.Run()
}

// mean is the mean loss and accuracy of the steps since the last reset.
func (m *meter) mean() (loss, accuracy float64, err error) {
	var total [2]float64
	err = m.total.Read(total[:])
	return total[0] / float64(m.steps), total[1] / float64(m.steps), err
}

func (m *meter) reset() error {
	m.steps = 0
	return m.total.Write([]float64{0, 0})
}

func (m *meter) state(s objective.State) {
	steps := float64(m.steps)
	s.Numbers("meter steps", &steps)
	m.steps = int(steps)
	s.Vector("meter", m.total)
}

func (m *meter) close() {
	for _, p := range m.programs {
		p.Close()
	}
	m.total.Free()
}
