package train

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// meter adds up loss and accuracy over steps on the device, so that they are brought to the host only where they are logged.
type meter struct {
	program *graph.Program
	total   kernels.Buffer // [2]
	steps   int            // added up since the last reset
}

// newMeter adds up what the buffer measured [2] holds at each call of add.
func newMeter(dev kernels.Device, measured kernels.Buffer) (*meter, error) {
	total, err := dev.NewBuffer(measured.DType(), measured.Len())
	if err != nil {
		return nil, fmt.Errorf("preparing the log: %w", err)
	}
	g := graph.New()
	sum, one := graph.Input(g, measured.DType(), "sum", measured.Len()), graph.Input(g, measured.DType(), "one", measured.Len())
	program, err := graph.Compile(dev, nil, []graph.Update{{Leaf: sum, Value: graph.Add(sum, one)}},
		map[*graph.Node]kernels.Buffer{sum: total, one: measured})
	if err != nil {
		total.Free()
		return nil, fmt.Errorf("preparing the log: %w", err)
	}
	return &meter{program: program, total: total}, nil
}

func (m *meter) add() error {
	m.steps++
	return m.program.Run()
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
	m.program.Close()
	m.total.Free()
}
