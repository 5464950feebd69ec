package data

// The statistics of these data sets are of all training images, pixels from 0 to 1.

func fashionSource() Source {
	return Source{
		Name: "fashion-mnist", About: "60,000 + 10,000 grey images of clothes, 28×28, 10 classes (Xiao, Rasul, Vollgraf 2017)",
		load: loadMNIST, mean: []float64{0.2860}, std: []float64{0.3530},
	}
}

func mnistSource() Source {
	return Source{
		Name: "mnist", About: "60,000 + 10,000 grey images of handwritten digits, 28×28, 10 classes (LeCun, Cortes, Burges 1998)",
		load: loadMNIST, mean: []float64{0.1307}, std: []float64{0.3081},
	}
}

func cifar10Source() Source {
	return Source{
		Name: "cifar10", About: "50,000 + 10,000 colour images, 3×32×32, 10 classes (Krizhevsky 2009)",
		load: cifar10.load, mean: []float64{0.4914, 0.4822, 0.4465}, std: []float64{0.2470, 0.2435, 0.2616},
	}
}

func cifar100Source() Source {
	return Source{
		Name: "cifar100", About: "50,000 + 10,000 colour images, 3×32×32, 100 classes (Krizhevsky 2009)",
		load: cifar100.load, mean: []float64{0.5071, 0.4865, 0.4409}, std: []float64{0.2673, 0.2564, 0.2762},
	}
}

func loadMNIST(r *request) (*Split, error) {
	dir, err := r.locate("train-images*", ".")
	if err != nil {
		return nil, err
	}
	return r.loadIDX(idxFolder{dir: dir, exact: true}, 10, "", 0)
}
