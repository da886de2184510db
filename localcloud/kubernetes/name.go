package kubernetes

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// autoname gives an object that has no name one: that which its old inputs had, if that was made up too; or what the
// engine proposes; or the resource's name, a dash and eight hexadecimal digits. An object named so is annotated, so
// that a replacement knows that it may take another name and need not wait for the old one to go.
func autoname(object, old map[string]any, req plugin.CheckRequest) error {
	name, isUnknown := metadataField(object, "name")
	generate, generateUnknown := metadataField(object, "generateName")
	if name != "" || isUnknown || generate != "" || generateUnknown {
		return nil
	}
	if name, _ := metadataField(old, "name"); name != "" && annotated(old, annotationAutonamed) {
		setMetadata(object, "name", name)
		setAnnotation(object, annotationAutonamed, "true")
		return nil
	}
	if a := req.Autonaming; a != nil {
		switch {
		case a.Mode == plugin.AutonamingModeDisabled:
			return fmt.Errorf("metadata.name is not set, and automatic naming is disabled by the project's " +
				"pulumi:autonaming: name the object")
		case a.ProposedName != "":
			setMetadata(object, "name", a.ProposedName)
			setAnnotation(object, annotationAutonamed, "true")
			return nil
		}
	}
	name, err := resource.NewUniqueName(req.RandomSeed, req.URN.Name()+"-", 8, validation.DNS1123SubdomainMaxLength, nil)
	if err != nil {
		return fmt.Errorf("metadata.name cannot be made up: %w", err)
	}
	setMetadata(object, "name", name)
	setAnnotation(object, annotationAutonamed, "true")
	return nil
}
