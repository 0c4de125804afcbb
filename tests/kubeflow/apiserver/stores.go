package main

import (
	"os"
	"path/filepath"

	"github.com/jinzhu/gorm"
	"github.com/kubeflow/pipelines/backend/src/apiserver/client"
	"github.com/kubeflow/pipelines/backend/src/apiserver/model"
	"github.com/kubeflow/pipelines/backend/src/apiserver/resource"
	"github.com/kubeflow/pipelines/backend/src/apiserver/storage"
	"github.com/kubeflow/pipelines/backend/src/common/util"
	_ "github.com/mattn/go-sqlite3"
)

// clients are the server's own fakes of what is around it, with its stores over a database that several connections can share: some of
// its failures keep a connection for ever, and in memory every connection has a database of its own.
type clients struct {
	*resource.FakeClientManager
	experiments        storage.ExperimentStoreInterface
	pipelines          storage.PipelineStoreInterface
	jobs               storage.JobStoreInterface
	runs               storage.RunStoreInterface
	tasks              storage.TaskStoreInterface
	references         storage.ResourceReferenceStoreInterface
	statuses           storage.DBStatusStoreInterface
	defaultExperiments storage.DefaultExperimentStoreInterface
	pods               *podLogs
	schedules          schedules
	folder             string
}

func newClients() (*clients, error) {
	time, uuid := util.NewRealTime(), util.NewUUIDGenerator()
	fakes, err := resource.NewFakeClientManager(time, uuid)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "proofmark-apiserver-")
	if err != nil {
		return nil, err
	}
	file := "file:" + filepath.Join(folder, "stores.db") + "?_journal_mode=WAL&_synchronous=OFF&_busy_timeout=5000"
	tables, err := gorm.Open("sqlite3", file)
	if err != nil {
		return nil, err
	}
	made := tables.AutoMigrate(
		&model.DBStatus{}, &model.DefaultExperiment{}, &model.Experiment{}, &model.Job{}, &model.Pipeline{}, &model.PipelineVersion{},
		&model.ResourceReference{}, &model.Run{}, &model.RunMetric{}, &model.Task{},
	)
	if made.Error != nil {
		return nil, made.Error
	}
	db := storage.NewDB(tables.DB(), storage.NewSQLiteDialect())
	return &clients{
		FakeClientManager:  fakes,
		experiments:        storage.NewExperimentStore(db, time, uuid),
		pipelines:          storage.NewPipelineStore(db, time, uuid),
		jobs:               storage.NewJobStore(db, time),
		runs:               storage.NewRunStore(db, time),
		tasks:              storage.NewTaskStore(db, time, uuid),
		references:         storage.NewResourceReferenceStore(db),
		statuses:           storage.NewDBStatusStore(db),
		defaultExperiments: storage.NewDefaultExperimentStore(db),
		pods:               &podLogs{logs: map[string][]byte{}},
		schedules:          schedules{client.NewScheduledWorkflowClientFake()},
		folder:             folder,
	}, nil
}

func (c *clients) ExperimentStore() storage.ExperimentStoreInterface { return c.experiments }
func (c *clients) PipelineStore() storage.PipelineStoreInterface     { return c.pipelines }
func (c *clients) JobStore() storage.JobStoreInterface               { return c.jobs }
func (c *clients) RunStore() storage.RunStoreInterface               { return c.runs }
func (c *clients) TaskStore() storage.TaskStoreInterface             { return c.tasks }
func (c *clients) DBStatusStore() storage.DBStatusStoreInterface     { return c.statuses }
func (c *clients) ResourceReferenceStore() storage.ResourceReferenceStoreInterface {
	return c.references
}
func (c *clients) DefaultExperimentStore() storage.DefaultExperimentStoreInterface {
	return c.defaultExperiments
}
func (c *clients) KubernetesCoreClient() client.KubernetesCoreInterface { return c.pods }
func (c *clients) SwfClient() client.SwfClientInterface                 { return c.schedules }

// remove takes away what is on disk.
func (c *clients) remove() { _ = os.RemoveAll(c.folder) }
