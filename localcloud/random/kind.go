package random

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"geo-wordpress/localcloud/gcp/schema"
)

// kind is a resource type. Like the Google provider, this one knows only inputs that the program sets, and refuses others
// by name.
type kind struct {
	fields schema.Fields
	// unset are the values of inputs that the program never sets: they are part of the state.
	unset   resource.PropertyMap
	outputs []resource.PropertyKey // secret strings
	draw    func(in map[string]any) (outputs map[resource.PropertyKey]string, err error)
}

func length() *schema.Field {
	return schema.Int(schema.Required, schema.ForceNew, schema.Between(1, 1<<20))
}

var kinds = map[tokens.Type]*kind{
	"random:index/randomPassword:RandomPassword": {
		fields: schema.Fields{"length": length(), "special": schema.Bool(schema.Default(true), schema.ForceNew)},
		unset: resource.NewPropertyMapFromMap(map[string]any{
			"lower": true, "upper": true, "numeric": true, "number": true,
			"minLower": 0, "minUpper": 0, "minNumeric": 0, "minSpecial": 0,
		}),
		outputs: []resource.PropertyKey{"result", "bcryptHash"},
		draw:    drawPassword,
	},
	"random:index/randomBytes:RandomBytes": {
		fields:  schema.Fields{"length": length()},
		outputs: []resource.PropertyKey{"base64", "hex"},
		draw:    drawBytes,
	},
}

// state returns a resource's state before its outputs. Secret inputs stay secret.
func (k *kind) state(inputs resource.PropertyMap) resource.PropertyMap {
	checked, _ := k.fields.Check("", inputs)
	delete(checked, schema.Defaults)
	state := k.unset.Copy()
	maps.Copy(state, checked)
	return state
}
