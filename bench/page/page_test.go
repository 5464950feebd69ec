package page

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const config = "data = \"glyphs\"\nmodel = \"mlp:4\"\noptimizer = \"sgd\"\nsteps = 40\nseed = 1\n"

func folder(t *testing.T, name string, files map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(path, 0o777); err != nil {
		t.Fatal(err)
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(path, file), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// metrics is a log of a given number of lines.
func metrics(lines int) string {
	var b strings.Builder
	for i := 1; i <= lines; i++ {
		x := float64(i)
		fmt.Fprintf(&b, `{"step":%d,"epoch":%g,"loss":%g,"accuracy":%g,"test_loss":%g,"test_accuracy":0.5,"grad_norm2":%g,"lr":0.1,"seconds":%g,`+
			`"gap_drift_measured":0.01,"gap_drift_predicted":0.02,"gap_drift_gradient":-0.005,"noise_scale":%g,"tr_sigma":%g,"sampled":6,"own_number":%g}`+"\n",
			i, x/10, 2/x+0.01*math.Sin(x), 1-1/x, 1/x+0.3, 1/x, x/7, 10*x, 50-x/100, x*x)
	}
	return b.String()
}

func runFolder(t *testing.T, name string, lines int) string {
	return folder(t, name, map[string]string{"config.toml": config, "metrics.jsonl": metrics(lines)})
}

// distributions are the quantiles of two parameters at two steps, and a line that is being written.
const distributions = `{"step":10,"parameters":{"1.weight":[-2,-1,0,1,2],"3.bias":[-0.1,0,0,0,0.1]}}
{"step":20,"parameters":{"1.weight":[-4,-2,0.5,2,4],"3.bias":[-0.2,0,0,0,0.2]}}
{"step":30,"par`

// ranFolder is a run's that was resumed on another machine.
func ranFolder(t *testing.T) string {
	return folder(t, "first", map[string]string{"config.toml": config, "metrics.jsonl": metrics(40), "distributions.jsonl": distributions, "machine.json": `[
{"step":0,"version":"v2","device":"cpu","platform":"linux/amd64","processor":"Processor","threads":2},
{"step":20,"version":"v3","device":"cpu","platform":"linux/arm64","processor":"Other","threads":1}]`})
}

const compareJSON = `{"second_order":{"drift":{"mean":0.5,"ci95":0.1},"diffusion":{"mean":0.4,"ci95":0.1},"both":{"mean":0.9,"ci95":0.02},"around_mean":{"mean":0.95,"ci95":0.02},"kinks":{"mean":0.625,"ci95":0.0312}},"rows":[
{"optimizer":"sgd","settings":{},"seeds":[1,2],"diverged":[],"test_accuracy":{"mean":0.5,"ci95":0.1},"test_loss":{"mean":1.5,"ci95":0.2},"train_loss":{"mean":0.1,"ci95":null},"gap":{"mean":1.4,"ci95":0.2},"example_gradients":{"mean":100,"ci95":0},"seconds":{"mean":1,"ci95":0.5},"drift_explained":null},
{"optimizer":"gd-reg","settings":{},"seeds":[1,2],"diverged":[2],"test_accuracy":null,"test_loss":{"mean":1.25,"ci95":0.1},"train_loss":null,"gap":null,"example_gradients":null,"seconds":null,"drift_explained":{"mean":0.77,"ci95":0.01}}],
"experiment":{"command":"compare","config":{"data":"glyphs","model":"mlp:4","lr":0.5,"seeds":2,"optimizers":["sgd","gd-reg"]},"version":"v1","device":"cpu","tuning":null}}`

const curvesCSV = "optimizer,seed,step,metric,value\nsgd,1,1,loss,2\nsgd,2,1,loss,4\nsgd,1,2,loss,1\nsgd,2,2,loss,1\ngd-reg,1,1,loss,3\ngd-reg,1,2,loss,2.5\n"

func comparisonFolder(t *testing.T, name string) string {
	return folder(t, name, map[string]string{"compare.json": compareJSON, "curves.csv": curvesCSV})
}

const measureJSON = `{"examples":50,"parameters":400,"loss":1,"grad_norm2":0.5,"tr_sigma":10,"grad_tr_sigma_norm2":3,"noise_scale":20,"noise_scale_unbiased":null,
"layers":[{"name":"1.weight","elements":300,"tr_sigma":7.5,"grad_norm2":0.25,"noise_scale":30}],"sigma_eigenvalues":[4,2,0.1],"sigma_density":{"values":[0,0.5,4],"weights":[0.9,0.08,0.02]},"hessian_eigenvalues":[3,1,-0.5]}`

const verifyJSON = `{"checks":[{"equation":"(9)","name":"a statement","predicted":1,"measured":1.001,"relative_error":0.001,"slope":null,"slope_expected":null,"z":null,"control":false,"pass":true},
{"equation":"(9)","name":"a wrong one","predicted":null,"measured":null,"relative_error":null,"slope":1,"slope_expected":2,"z":3,"control":true,"pass":false}],"data":"glyphs","model":"mlp:4","seed":1,
"along":{"stages":[{"step":0,"gap_drift_predicted":0.1,"gap_drift_measured":0.12,"drift_explained":0.8},{"step":10,"gap_drift_predicted":0.2,"gap_drift_measured":null,"drift_explained":0.7}]}}`

// everything is a folder or file of each kind.
func everything(t *testing.T) []string {
	return []string{ranFolder(t), runFolder(t, "second", 25), comparisonFolder(t, "race"),
		filepath.Join(folder(t, "m", map[string]string{"m.json": measureJSON}), "m.json"), folder(t, "checks", map[string]string{"verify.json": verifyJSON})}
}

func render(t *testing.T, paths ...string) string {
	t.Helper()
	r, err := Read(paths...)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := r.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAPageShowsEveryKindOfResult(t *testing.T) {
	html := render(t, everything(t)...)
	for _, want := range []string{
		"It ended after 40 steps, 4 epochs", "It has logged up to step 25 of 40",
		"since the first measurement the generalization gap changed by 0.4000; the theory&#39;s two terms add up to 0.6000",
		"Each measurement is of 6 examples only", "A comparison of 2 optimizers over 2 seeds: mlp:4 on glyphs. The lowest test loss is that of gd-reg, 1.25 ± 0.10.",
		"gd-reg diverged on 1 seed.", "explains a share of 0.770 ± 0.010",
		"The largest eigenvalue of Σ has 40 % of its trace, the leading 3 have 61 %",
		"1 of 2 pass", "Noise scale", "Drift of the generalization gap", "own number", "Eigenvalues of the Hessian", "Spectrum of Σ", "Share explained along a run", "Parameters of m.json", "1.weight", "0.7500",
		"1.50 ± 0.20", "control FAILS", "/first/config.toml --out again", "optimizers = [&#34;sgd&#34;, &#34;gd-reg&#34;]", "Computed by drift v1 on device cpu", "Computed by drift v2 on cpu (linux/amd64, Processor, 2 threads), from step 20 on by drift v3", "a share of 0.900 ± 0.020 of what separates", "what crossed kinks contribute", "0.625 ± 0.031",
		"seeds = 2", "race: gd-reg",
	} {
		if !strings.Contains(strings.ToLower(html), strings.ToLower(want)) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(html, "ZgotmplZ") {
		t.Error("the template refused a value")
	}
}

func TestAPageIsTheSameBytesEachTime(t *testing.T) {
	paths := everything(t)
	first := render(t, paths...)
	for range 3 {
		if render(t, paths...) != first {
			t.Fatal("the page differs from one time to the next")
		}
	}
}

// Figures are there before any script runs: a line for each curve of several points, inside the frame.
func TestFiguresStandWithoutScripts(t *testing.T) {
	html := render(t, everything(t)...)
	html = html[:strings.Index(html, `<script type="application/json"`)]
	paths := regexp.MustCompile(`class="curve [a-z]+ c\d" d="M([^"]+)"`).FindAllStringSubmatch(html, -1)
	if len(paths) < 20 {
		t.Fatalf("%d curves", len(paths))
	}
	for _, p := range paths {
		for _, point := range strings.Split(p[1], "L") {
			var x, y float64
			if _, err := fmt.Sscan(point, &x, &y); err != nil || x < left || x > plotRight || y < top || y > plotBottom {
				t.Fatalf("the point %q is outside of its frame (%v)", point, err)
			}
		}
	}
	if n := strings.Count(html, `class="mark`); n < 10 {
		t.Errorf("%d dots", n)
	}
}

// The means over seeds stand in the page with their intervals: 3 ± t·√2/√2 at the first step, t = 12.706 for one degree of freedom.
func TestCurvesOfAComparisonAreMeansOverSeeds(t *testing.T) {
	r, err := Read(comparisonFolder(t, "race"))
	if err != nil {
		t.Fatal(err)
	}
	curve := r.curves(r.legend())[0].Curves[0]
	if curve.Y[0] != 3 || math.Abs(curve.High[0]-15.706) > 1e-3 || curve.Y[1] != 1 || curve.Low[1] != 1 {
		t.Errorf("%+v", curve)
	}
}

func TestManyLongRunsFitIntoThreeMegabytes(t *testing.T) {
	var paths []string
	for i := range 40 {
		paths = append(paths, runFolder(t, fmt.Sprint("run", i), 1200))
	}
	html := render(t, paths...)
	if len(html) > 3<<20 {
		t.Errorf("%d bytes", len(html))
	}
}

// Thinning keeps the ends and the extremes, in order.
func TestThinningKeepsExtremes(t *testing.T) {
	c := &curve{}
	for i := range 5000 {
		c.X, c.Y = append(c.X, float64(i)), append(c.Y, math.Sin(float64(i)/300))
	}
	c.Y[1234], c.Y[4321] = 9, -9
	thin := c.thin(100)
	if len(thin.X) > 100 || thin.X[0] != 0 || thin.X[len(thin.X)-1] != 4999 {
		t.Fatalf("%d points from %v to %v", len(thin.X), thin.X[0], thin.X[len(thin.X)-1])
	}
	high, low := false, false
	for i, y := range thin.Y {
		high, low = high || y == 9, low || y == -9
		if i > 0 && thin.X[i] <= thin.X[i-1] {
			t.Fatal("points are out of order")
		}
	}
	if !high || !low {
		t.Error("an extreme is lost")
	}
}

func TestARunThatHasJustBegunIsShown(t *testing.T) {
	if html := render(t, runFolder(t, "new", 0)); !strings.Contains(html, "Nothing is logged yet") {
		t.Error("the page does not say so")
	}
	cut := folder(t, "cut", map[string]string{"config.toml": config, "metrics.jsonl": metrics(3) + `{"step":4,"lo`})
	if html := render(t, cut); !strings.Contains(html, "up to step 3 of 40") {
		t.Error("a line that is being written is not left out")
	}
}

// The quantiles of every parameter are curves along the run, lowest first; of many parameters the widest are drawn.
func TestDistributionsAreCurves(t *testing.T) {
	r, err := Read(ranFolder(t))
	if err != nil {
		t.Fatal(err)
	}
	charts := r.distributions()
	if len(charts) != 2 || charts[0].Title != "Values of 1.weight" || len(charts[0].Curves) != 5 {
		t.Fatalf("%+v", charts)
	}
	if c := charts[0].Curves[1]; c.X[1] != 20 || c.Y[1] != -2 || c.Kind != dashed {
		t.Errorf("%+v", c)
	}
	var many strings.Builder
	for i := range 30 {
		fmt.Fprintf(&many, `,"%d.weight":[0,0,0,0,%d]`, i, i)
	}
	text := `{"step":1,"parameters":{` + many.String()[1:] + "}}\n"
	r, err = Read(folder(t, "wide", map[string]string{"config.toml": config, "metrics.jsonl": metrics(1), "distributions.jsonl": text}))
	if err != nil {
		t.Fatal(err)
	}
	if charts := r.distributions(); len(charts) != mostTensors || !strings.Contains(charts[0].Note, "24 widest of 30") {
		t.Errorf("%d charts", len(charts))
	}
}
