package live

import (
	"net"
	"net/http"
	"os"
	"strings"

	"drift/bench/page"
)

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Content-Security-Policy", page.Policy(true)+"; frame-ancestors 'none'")
	switch {
	case !s.names(r.Host):
		http.Error(w, "this server goes by another name: open "+s.URL(), http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "the page can only be looked at", http.StatusMethodNotAllowed)
	case r.URL.Path != "/":
		http.Error(w, "there is one page here: /", http.StatusNotFound)
	default:
		s.pages.serve(w, r)
	}
}

// names reports whether host, HOST or HOST:PORT of a request, is a name of this server. An address is one: only names can be made to
// point elsewhere.
func (s *Server) names(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if net.ParseIP(host) != nil || host == "localhost" {
		return true
	}
	if host == "" {
		return false
	}
	if s.open() {
		if own, err := os.Hostname(); err == nil && host == strings.ToLower(own) {
			return true
		}
	}
	return host == strings.ToLower(s.host)
}

// open reports whether the server listens at all addresses of the machine.
func (s *Server) open() bool {
	tcp, is := s.address.(*net.TCPAddr)
	return is && tcp.IP.IsUnspecified()
}
