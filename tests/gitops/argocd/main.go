// Command argocd-diff answers what Argo CD makes of objects under the settings of an argocd-cm, by its own code.
//
//	argocd-diff compare FILE             {"git": …, "live": …, "ignoreDifferences": …} a line on standard input, the last
//	                                     as in an Application; Synced or OutOfSync a line on standard output: whether it
//	                                     takes the live object for what Git says
//	argocd-diff excluded FILE GROUP KIND true or false: whether it looks at objects of the kind at all
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/sirupsen/logrus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/yaml"

	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/argo/diff"
	"github.com/argoproj/argo-cd/v3/util/argo/normalizers"
	"github.com/argoproj/argo-cd/v3/util/settings"
)

// A question is what Git says, what is live, and what the Application ignores.
type question struct {
	Git               *unstructured.Unstructured           `json:"git"`
	Live              *unstructured.Unstructured           `json:"live"`
	IgnoreDifferences []v1alpha1.ResourceIgnoreDifferences `json:"ignoreDifferences"`
}

func main() {
	logrus.SetLevel(logrus.FatalLevel)
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) < 2 {
		return fmt.Errorf("compare FILE, or excluded FILE GROUP KIND")
	}
	manager, err := settingsOf(ctx, arguments[1])
	if err != nil {
		return err
	}
	if arguments[0] == "compare" {
		return compare(manager)
	}
	filter, err := manager.GetResourcesFilter()
	if err != nil {
		return err
	}
	fmt.Println(filter.IsExcludedResource(arguments[2], arguments[3], "https://kubernetes.default.svc"))
	return nil
}

func compare(manager *settings.SettingsManager) error {
	overrides, err := manager.GetResourceOverrides()
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		config, err := diff.NewDiffConfigBuilder().
			WithDiffSettings(asked.IgnoreDifferences, overrides, false, normalizers.IgnoreNormalizerOpts{}).
			WithTracking(common.LabelKeyAppInstance, string(v1alpha1.TrackingMethodAnnotation)).
			WithNoCache().
			Build()
		if err != nil {
			return err
		}
		result, err := diff.StateDiff(asked.Live, asked.Git, config)
		if err != nil {
			return err
		}
		if result.Modified {
			fmt.Println("OutOfSync")
		} else {
			fmt.Println("Synced")
		}
	}
	return lines.Err()
}

// settingsOf reads a ConfigMap as Argo CD's controller does.
func settingsOf(ctx context.Context, file string) (*settings.SettingsManager, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	labels := map[string]string{"app.kubernetes.io/part-of": "argocd"}
	var config corev1.ConfigMap
	if err := yaml.Unmarshal(text, &config); err != nil {
		return nil, err
	}
	config.Name, config.Namespace, config.Labels = common.ArgoCDConfigMapName, "argocd", labels
	secret := corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: common.ArgoCDSecretName, Namespace: "argocd", Labels: labels},
		Data:       map[string][]byte{"server.secretkey": []byte("unused")},
	}
	return settings.NewSettingsManager(ctx, fake.NewClientset(&config, &secret), "argocd"), nil
}
