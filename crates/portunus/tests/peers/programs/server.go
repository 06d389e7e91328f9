// Go as a server: HTTP/2 and HTTP/1.1, one port a certificate. Answers requests with what it knows of their connections.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

var versions = map[string]uint16{"TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answer(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		io.Copy(w, r.Body)
		return
	}
	session, peer := "new", "nobody"
	if r.TLS.DidResume {
		session = "reused"
	}
	if len(r.TLS.PeerCertificates) > 0 {
		peer = r.TLS.PeerCertificates[0].Subject.String()
	}
	version := strings.Replace(tls.VersionName(r.TLS.Version), " ", "v", 1)
	suite := tls.CipherSuiteName(r.TLS.CipherSuite)
	fmt.Fprintf(w, "%s %s %s %s %s\n", r.Proto, version, suite, session, peer)
}

// The file of the root, then a name, the highest version, a certificate's file and its key's for each port.
func main() {
	root, err := os.ReadFile(os.Args[1])
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	for words := os.Args[2:]; len(words) > 0; words = words[4:] {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		check(err)
		server := http.Server{
			TLSConfig: &tls.Config{
				MinVersion: tls.VersionTLS12,
				MaxVersion: versions[words[1]],
				ClientAuth: tls.VerifyClientCertIfGiven,
				ClientCAs:  roots,
			},
			Handler: http.HandlerFunc(answer),
		}
		cert, key := words[2], words[3]
		go func() { check(server.ServeTLS(listener, cert, key)) }()
		fmt.Printf("port %s %s %d.\n", words[0], words[1], listener.Addr().(*net.TCPAddr).Port)
	}
	select {}
}
