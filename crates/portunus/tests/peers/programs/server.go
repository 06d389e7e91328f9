// Go as a server: HTTP/2 and HTTP/1.1 with X25519MLKEM768 alone.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Printf("port %d.\n", listener.Addr().(*net.TCPAddr).Port)
	server := http.Server{
		TLSConfig: &tls.Config{
			MinVersion:       tls.VersionTLS13,
			CurvePreferences: []tls.CurveID{tls.X25519MLKEM768},
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %s ", r.Proto, r.TLS.CurveID)
			io.Copy(w, r.Body)
		}),
	}
	check(server.ServeTLS(listener, os.Args[1], os.Args[2]))
}
