// Plain is a Pulumi program with a given number of independent resources: the time of its preview is the engine's own.
package main

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		text, _ := ctx.GetConfig(ctx.Project() + ":count")
		count, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%s:count is %q: a number of resources is wanted", ctx.Project(), text)
		}
		for i := range count {
			var r pulumi.CustomResourceState
			err := ctx.RegisterResource("random:index/randomBytes:RandomBytes", fmt.Sprintf("plain-%d", i),
				pulumi.Map{"length": pulumi.Int(8)}, &r)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
