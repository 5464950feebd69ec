package compare

// A comparison's folder has, until its results take their place, a folder of what is finished of it, and in that one the results of the
// runs that have ended, in the form of the final ones.
const (
	FinishedFolder = "finished"
	SoFarFolder    = FinishedFolder + "/sofar"
)
