// A health checker as Go services are checked: one grpc-go connection a target, a bounded number at a time.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	concurrency := flag.Int("concurrency", 128, "checks at a time")
	deadline := flag.Duration("deadline", 2*time.Second, "bound of one check")
	flag.Parse()
	var targets []string
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		targets = append(targets, lines.Text())
	}
	started := time.Now()
	queue := make(chan string)
	var healthy atomic.Int64
	var workers sync.WaitGroup
	for range *concurrency {
		workers.Go(func() {
			for target := range queue {
				if check(target, *deadline) {
					healthy.Add(1)
				}
			}
		})
	}
	for _, target := range targets {
		queue <- target
	}
	close(queue)
	workers.Wait()
	fmt.Println(time.Since(started).Seconds(), healthy.Load())
}

func check(target string, deadline time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	connection, err := grpc.NewClient("passthrough:///"+target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return false
	}
	defer connection.Close()
	request := &grpc_health_v1.HealthCheckRequest{Service: "plugin"}
	reply, err := grpc_health_v1.NewHealthClient(connection).Check(ctx, request)
	return err == nil && reply.Status == grpc_health_v1.HealthCheckResponse_SERVING
}
