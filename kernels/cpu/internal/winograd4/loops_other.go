//go:build !amd64

package winograd4

import "drift/kernels/cpu/internal/level"

const required = level.Level(level.Levels)

func dataRows(s, x, zeros *float32, plane, rows, across, y, height, width int)                 {}
func spreadRows(s, x, zeros *float32, plane, rows, across, y, height, width int)               {}
func dataColumns(v, s *float32, edges *uint16, plane, vectors, step int)                       {}
func spreadColumns(v, s *float32, plane, vectors, step int)                                    {}
func outputs(s, m *float32, plane, vectors, step int)                                          {}
func storeRows(y, s *float32, plane, rows, across, height, width int)                          {}
func kernels(u, k *float32, uStride, inputStride, kernelStride, inputs, count, step int)       {}
func turnedKernels(u, k *float32, uStride, inputStride, kernelStride, inputs, count, step int) {}
func gradients(k, p *float32, count, step int)                                                 {}
func dataLanes(v, x *float32, rows, count, vRowStride, vStride, xRowStride, xStride int)       {}
func spreadLanes(v, x *float32, rows, count, vRowStride, vStride, xRowStride, xStride int)     {}
func outputLanes(v, x *float32, rows, count, vRowStride, vStride, xRowStride, xStride int)     {}
func products16(m, u, v, next *float32, tiles, depth, step, tileStride int)                    {}
func products32(m, u, v, next *float32, tiles, depth, step, tileStride int)                    {}
func weights16(k, y, v, s *float32, tiles, step, kStride, yStride, vStride int)                {}
func weights32(k, y, v, s *float32, tiles, step, kStride, yStride, vStride int)                {}
