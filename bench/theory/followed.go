package theory

import (
	"fmt"
	"io"
	"math"

	"drift/bench/report"
)

// Followed is a training run that was followed, with what was measured along it.
type Followed struct {
	Run    string  `json:"run"`
	Trend  Trend   `json:"trend"`
	Stages []Stage `json:"stages"`
	// Distance is ‖θ − θ_run‖ between the ends of the run when followed and when it was trained; nil where it left no weights.
	Distance *float64 `json:"distance"`
}

// Write prints the stages and what they show together.
func (c *Followed) Write(w io.Writer) error {
	fmt.Fprintf(w, "\nAlong the run in %s:\n", c.Run)
	if _, err := StageTable(c.Stages).WriteTo(w); err != nil {
		return err
	}
	t := c.Trend
	fmt.Fprintf(w, "\nDrift of the gap an epoch: measured = %s times predicted, R² = %s.\n", report.Format(t.Slope), report.Format(t.R2))
	fmt.Fprintf(w, "‖∂tr Σ‖ is at most %.3g times its first size.\n", t.Growth)
	fmt.Fprintf(w, "The regularizer explains %s of the displacement between GD and SGD in the mean.\n", percent(t.Explained))
	fmt.Fprintf(w, "To second order in the noise, drift and diffusion explain %s of it.\n", percent(t.Both))
	fmt.Fprintf(w, "η is too large for an expansion at %d of %d stages.\n", t.TooLarge, len(c.Stages))
	if c.Distance != nil {
		fmt.Fprintf(w, "The run when followed ends at a distance of %.3g from the weights that it left.\n", *c.Distance)
	}
	return nil
}

// percent is a share for people.
func percent(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return report.Format(math.Round(100*x)) + " %"
}
