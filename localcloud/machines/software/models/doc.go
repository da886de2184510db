// Package models starts the model of a container's program, chosen by the container's image and command.
package models
