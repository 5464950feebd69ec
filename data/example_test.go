package data_test

import (
	"fmt"
	"log"

	"drift/data"
)

func Example() {
	split, err := data.Load("glyphs,train=100,test=50,label-noise=0.1", data.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	train := split.Train
	fmt.Println(train.Len(), "examples of shape", train.Shape, "in", train.Classes, "classes")

	batches, err := data.NewSampler(data.Shuffle, train.Len(), 32, 1)
	if err != nil {
		log.Fatal(err)
	}
	for range batches.BatchesPerEpoch() {
		batch := train.Select(batches.Next())
		fmt.Println("a batch of", batch.Len())
	}
	// Output:
	// 100 examples of shape [1 16 16] in 10 classes
	// a batch of 32
	// a batch of 32
	// a batch of 32
	// a batch of 4
}

func ExampleSampler_Seek() {
	batches, err := data.NewSampler(data.Replacement, 1000, 3, 7)
	if err != nil {
		log.Fatal(err)
	}
	batches.Seek(123456)
	first := fmt.Sprint(batches.Next())
	batches.Seek(123456)
	fmt.Println(first == fmt.Sprint(batches.Next()))
	// Output: true
}

func ExampleInspect() {
	split, err := data.Load("gaussian,dim=4,train=6,test=0", data.Options{})
	if err != nil {
		log.Fatal(err)
	}
	sum := data.Inspect(split.Train)
	fmt.Println(sum.Examples, sum.Shape, sum.Outputs)
	// Output: 6 [4] 1
}
