package profile

// Table is a profile as it is written to a file.
type Table struct {
	Device   string    `json:"device"`
	Ceilings []Ceiling `json:"ceilings"`
	Seconds  float64   `json:"seconds"` // from the first to the last call of each program, all programs together
	Sum      float64   `json:"sum"`     // of the rows
	Rows     []Line    `json:"rows"`
}

// Line is a row with what follows from it.
type Line struct {
	Row
	GBs   float64 `json:"gb_per_second"`
	GFlop float64 `json:"gflop_per_second"`
	Share float64 `json:"share_of_ceiling"` // see Ceiling.Share; 0 where the ceiling of the type is not known
}

// Table is the rows beside ceilings of the same device.
func (p *Profile) Table(device string, ceilings []Ceiling) Table {
	rows, whole := p.Rows()
	t := Table{Device: device, Ceilings: ceilings, Seconds: whole, Sum: Sum(rows), Rows: []Line{}}
	for _, r := range rows {
		l := Line{Row: r}
		if r.Seconds > 0 {
			l.GBs, l.GFlop = r.Bytes*float64(r.Count)/r.Seconds/1e9, r.Flops*float64(r.Count)/r.Seconds/1e9
		}
		for _, c := range ceilings {
			if c.DType == r.DType {
				l.Share = c.Share(r)
			}
		}
		t.Rows = append(t.Rows, l)
	}
	return t
}
