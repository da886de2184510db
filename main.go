// The Pulumi program: see the package stack.
package main

import (
	"time"

	"geo-wordpress/stack"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(stack.Program(time.Now))
}
