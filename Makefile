# Nothing but Go is needed. CGO_ENABLED=1 from the environment or the command line is respected.
export CGO_ENABLED ?= 0
GO ?= go

.PHONY: build test test-arm64 gpu gpu-test gpu-bundle mpi mpi-test lint fmt-check cross bench bench-table count-table again clean

build:
	$(GO) build -trimpath -o bin/drift ./cmd/drift

test:
	$(GO) test ./...

# The kernels' tests for arm64, here or under emulation.
arm64-tests := kernels/cpu kernels/cpu/internal/gemm kernels/cpu/internal/level kernels/cpu/internal/planes kernels/cpu/internal/pool kernels/cpu/internal/vmath
arm64-runs := $(if $(filter arm64 aarch64,$(shell uname -m)),env,$(firstword $(shell command -v qemu-aarch64-static qemu-aarch64 2>/dev/null)))

test-arm64:
	mkdir -p bin/arm64
	for p in $(arm64-tests); do \
		CGO_ENABLED=0 GOARCH=arm64 $(GO) test -c -o bin/arm64/$$(basename $$p) ./$$p || exit 1; \
	done
	@if [ -z "$(arm64-runs)" ]; then \
		echo "the tests for arm64 were built but not run: that takes an arm64 machine or qemu-aarch64-static (Debian: qemu-user-static)"; \
	else \
		for p in $(arm64-tests); do echo $$p; (cd $$p && $(arm64-runs) $(CURDIR)/bin/arm64/$$(basename $$p)) || exit 1; done; \
	fi

# The commands of experiments' pages that take minutes, held against the pages' numbers.
again:
	DRIFT_AGAIN=1 $(GO) test -count=1 -timeout 2h -v -run TestPagesAgain ./cmd/drift

# The build that joins processes of mpirun or srun. The MPI library is opened at run time, which makes the program a dynamic one.
mpi:
	$(GO) build -tags mpi -trimpath -o bin/drift ./cmd/drift

mpi-test:
	$(GO) vet -tags mpi ./kernels/group/... ./cmd/drift
	$(GO) tool staticcheck -tags mpi ./kernels/group/... ./cmd/drift
	$(GO) test -count=1 -tags mpi ./kernels/group/...
	$(GO) test -count=1 -tags mpi -run 'Together' ./cmd/drift

# The build with both devices needs gcc, and no CUDA toolkit: the driver, cuBLAS and NCCL are opened at run time, and MPI too.
cuda := $(CURDIR)/kernels/cuda
with-gpu := CGO_ENABLED=1 CGO_CFLAGS="-O2 -I$(cuda)/driver/include" CGO_LDFLAGS="-L$(cuda)/driver/lib"

gpu:
	$(with-gpu) $(GO) build -tags gpu,mpi -trimpath -o bin/drift ./cmd/drift

# An emulated GPU, built with g++, runs the kernels and everything above them; then the kernels again, watched by the address
# sanitizer and without cuDNN. Fused programs are PTX that Go writes, which an interpreter in the emulated driver runs. The other kernels are
# compiled by g++, where the processor can with products and sums joined in one rounding as nvcc does it, and under the sanitizer without; the
# PTX that nvcc made of them is interpreted too. Engines of the emulated cuDNN are timed by the tests that are about it only.
emulator := $(CURDIR)/bin/emulator
fused := $(if $(shell grep -m1 -ow fma /proc/cpuinfo 2>/dev/null),-mfma -ffp-contract=fast)
emulated = LD_LIBRARY_PATH=$(1) DRIFT_EMULATOR_GPUS=8 DRIFT_NCCL=$(1)/libnccl.so.2 DRIFT_CUBLAS=$(1)/libcublas.so.12 DRIFT_CUDNN=$(1)/cudnn/libcudnn.so.9 DRIFT_CUDNN_ENGINES=first DRIFT_TEST_DEVICE=cuda $(with-gpu) $(GO) test -count=1 -tags gpu
# It catches exceptions only of a C++ library that is there before it.
sanitized = env DRIFT_CUDNN=off ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=$$(g++ -print-file-name=libasan.so):$$(g++ -print-file-name=libstdc++.so.6)

bundled := kernels/cuda graph graph/nn graph/objective graph/sigma optim optim/train
bundle := bin/gpu-bundle.tar.xz

gpu-test:
	$(with-gpu) $(GO) vet -tags gpu,mpi ./kernels/cuda/... ./bench/peers ./cmd/drift
	$(with-gpu) $(GO) tool staticcheck -tags gpu,mpi ./kernels/cuda/... ./bench/peers ./cmd/drift
	$(cuda)/emulator/build.sh $(emulator) $(fused)
	$(cuda)/emulator/build.sh $(emulator)/sanitized -fsanitize=address
	$(call emulated,$(emulator)) -skip AccuracyIsExact ./kernels/cuda ./kernels/cuda/driver ./graph/... ./optim/...
	DRIFT_EMULATOR_INTERPRET=1 $(call emulated,$(emulator)) -run "Conformance/float../(Attention|Rows|Ind|Uniform|Layout|Grams|Pool)" ./kernels/cuda
	$(call emulated,$(emulator)) -run "Profile|GPUCases" ./bench/timing
	$(call emulated,$(emulator)),mpi -run "LostDevice|CuDNN|Fallbacks|OnGPUs" ./cmd/drift
	$(call emulated,$(emulator)/sanitized) -exec "$(sanitized)" ./kernels/cuda
	$(MAKE) --no-print-directory gpu-bundle
	DRIFT_TEST_BUNDLE=$(CURDIR)/$(bundle) $(call emulated,$(emulator)) -run Rehearsal ./bench/peers

# One file for a machine with a GPU and nothing else: tar xf gpu-bundle.tar.xz && sh gpu/gpu.sh. The programs in it are much alike, which a
# window of 128 MiB sees.
gpu-bundle:
	rm -rf bin/gpu $(bundle)
	$(with-gpu) $(GO) build -tags gpu,mpi -trimpath -ldflags '-s -w' -o bin/gpu/drift ./cmd/drift
	$(with-gpu) $(GO) test -c -tags gpu -trimpath -ldflags '-s -w' -o bin/gpu/ $(addprefix ./,$(bundled))
	for p in $(bundled); do \
		mkdir -p bin/gpu/$$(basename $$p); \
		if [ -d $$p/testdata ]; then cp -r $$p/testdata bin/gpu/$$(basename $$p)/; fi; \
	done
	cp bench/gpu.sh bench/peers/*_gpu.py bench/peers/gpu_*.py bin/gpu
	tar -C bin --owner=0 --group=0 -cf - gpu | xz -T1 --lzma2=preset=1,dict=128MiB >$(bundle).part
	mv $(bundle).part $(bundle)
	@bytes=$$(wc -c <$(bundle)); echo "$(bundle): $$((bytes / 1000000)) MB"; \
	if [ $$bytes -gt 60000000 ]; then echo "more than the 60 MB that can be carried to a GPU" >&2; exit 1; fi

lint: fmt-check cross
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

fmt-check:
	@bad=$$(gofmt -l .); \
	if [ -n "$$bad" ]; then echo "gofmt is needed: gofmt -w" $$bad; exit 1; fi

# Platforms without the amd64 assembly must build too, from any machine.
cross:
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) vet ./kernels/...
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build ./...
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 $(GO) build ./...

# Times primitives and whole steps beside OpenBLAS and PyTorch where they are installed: make bench ARGS="--only '^mlp/'".
bench: build
	bin/drift bench $(ARGS)

# The README's table, for a machine that does nothing else meanwhile, and what one thread does, which any machine can tell.
readme := bin/drift bench --only readme
bench-table: build
	mkdir -p bench/results
	$(readme) --time 5s --markdown bench/results/cpu.md --json bench/results/cpu.json
	$(readme) --time 3s --threads 1 --clock cpu --markdown bench/results/cpu-1-thread.md --json bench/results/cpu-1-thread.json
	bin/drift bench --only '^(resnet20|gpt)/' --time 4s --markdown bench/results/cpu-networks.md --json bench/results/cpu-networks.json

# What a step asks of a device, which no machine is needed for.
count-table: build
	bin/drift bench --count --quiet --markdown bench/results/counts.md

clean:
	rm -rf bin
