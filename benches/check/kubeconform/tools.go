//go:build tools

// Package kubeconform names the command that is built.
package kubeconform

import _ "github.com/yannh/kubeconform/cmd/kubeconform"
