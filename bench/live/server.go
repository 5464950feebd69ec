// Package live serves the page of results that are still growing, to a browser on the same machine unless told otherwise.
package live

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server shows the page of some folders over HTTP for as long as it is open.
type Server struct {
	address net.Addr
	host    string // as the caller named it, or ""
	pages   *pages
	http    *http.Server
	done    chan error
}

const (
	headerTimeout = 5 * time.Second
	writeTimeout  = 30 * time.Second
	longestHeader = 16 << 10 // bytes
)

// Open listens at address, HOST:PORT or :PORT, which is port PORT of this machine alone (127.0.0.1); port 0 is any free one. The page is
// that of the folders and files in paths (page.Read), read anew when somebody looks, in no more than a three-hundredth of the time, after a fifth of a second to begin with.
//
// It answers GET and HEAD of / and nothing else. A request must name the server as it is: by an address, as localhost, or by the host
// that address names; a page of another origin whose name was made to point here is refused.
func Open(address string, paths ...string) (*Server, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("serving the page at %q: it is no address: write :PORT, or HOST:PORT to let other machines look", address)
	}
	listenAt := host
	if listenAt == "" {
		listenAt = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(listenAt, port))
	if err != nil {
		var of *net.OpError
		if errors.As(err, &of) {
			err = of.Err
		}
		return nil, fmt.Errorf("serving the page at %s: %w: choose another port, or 0 for any", address, err)
	}
	s := &Server{address: listener.Addr(), host: host, pages: &pages{paths: paths, opened: time.Now()}, done: make(chan error, 1)}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: headerTimeout, WriteTimeout: writeTimeout, MaxHeaderBytes: longestHeader}
	go func() { s.done <- s.http.Serve(listener) }()
	return s, nil
}

// URL is where a browser on this machine finds the page.
func (s *Server) URL() string {
	host, port, _ := net.SplitHostPort(s.address.String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}

// Close ends the server, after what it is answering or a second.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.http.Close()
	}
	if err := <-s.done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the page: %w", err)
	}
	return nil
}
