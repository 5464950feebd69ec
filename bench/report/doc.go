// Package report turns the outcomes of repeated runs into what people read: means with confidence intervals, aligned
// tables, CSV, and figures. It computes nothing about networks.
package report
