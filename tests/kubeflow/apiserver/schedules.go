package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/kubeflow/pipelines/backend/src/apiserver/client"
	"github.com/kubeflow/pipelines/backend/src/crd/pkg/apis/scheduledworkflow/v1beta1"
	typed "github.com/kubeflow/pipelines/backend/src/crd/pkg/client/clientset/versioned/typed/scheduledworkflow/v1beta1"
	"k8s.io/apimachinery/pkg/types"
)

// schedules are the server's own fake, with an id and a name for each: the fake has one for all.
type schedules struct {
	fake *client.FakeScheduledWorkflowClient
}

func (s schedules) ScheduledWorkflow(where string) typed.ScheduledWorkflowInterface {
	if where == "" {
		where = namespace
	}
	return schedulesOf{s.fake, where}
}

type schedulesOf struct {
	*client.FakeScheduledWorkflowClient
	namespace string
}

func (s schedulesOf) Create(ctx context.Context, schedule *v1beta1.ScheduledWorkflow) (*v1beta1.ScheduledWorkflow, error) {
	id := uuid.New()
	schedule.GenerateName += id.String()[:8]
	made, err := s.FakeScheduledWorkflowClient.Create(ctx, schedule)
	if err == nil {
		made.UID, made.Namespace = types.UID(id.String()), s.namespace
	}
	return made, err
}
