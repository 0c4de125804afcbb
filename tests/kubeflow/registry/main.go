// Kubeflow Model Registry's own server over a PostgreSQL database, on loopback.
//
//	registry --database DSN [--port PORT]
//
// It says where it listens once it can answer, and ends when its input does.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"reflect"

	"github.com/kubeflow/hub/internal/core"
	"github.com/kubeflow/hub/internal/datastore/embedmd"
	"github.com/kubeflow/hub/internal/db/models"
	"github.com/kubeflow/hub/internal/db/service"
	"github.com/kubeflow/hub/internal/platform/datastore"
	"github.com/kubeflow/hub/internal/platform/tls"
	"github.com/kubeflow/hub/internal/server/middleware"
	"github.com/kubeflow/hub/internal/server/openapi"
)

func main() {
	port := flag.Int("port", 0, "port on 127.0.0.1; 0 takes a free one")
	kind := flag.String("kind", "postgres", "kind of database: postgres or mysql")
	database := flag.String("database", "", "where the database is, as its driver wants it")
	// The server's own log would go to files in the system's temporary folder.
	_ = flag.Set("logtostderr", "true")
	flag.Parse()
	if err := serve(*port, *kind, *database); err != nil {
		log.Fatal(err)
	}
}

func serve(port int, kind, database string) error {
	if database == "" {
		return errors.New("--database is missing")
	}
	handler, err := registry(kind, database)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	fmt.Printf("LISTENING http://%s\n", listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return http.Serve(listener, handler)
}

// registry makes the tables where they are missing, and gives the handler of all paths.
func registry(kind, database string) (http.Handler, error) {
	connector, err := datastore.NewConnector("embedmd", &embedmd.EmbedMDConfig{
		DatabaseType: kind,
		DatabaseDSN:  database,
		TLSConfig:    &tls.TLSConfig{},
	})
	if err != nil {
		return nil, fmt.Errorf("no connector: %w", err)
	}
	repositories, err := connector.Connect(service.DatastoreSpec())
	if err != nil {
		return nil, fmt.Errorf("no database: %w", err)
	}
	registry := core.NewModelRegistryService(
		of[models.ArtifactRepository](repositories),
		of[models.ModelArtifactRepository](repositories),
		of[models.DocArtifactRepository](repositories),
		of[models.RegisteredModelRepository](repositories),
		of[models.ModelVersionRepository](repositories),
		of[models.ServingEnvironmentRepository](repositories),
		of[models.InferenceServiceRepository](repositories),
		of[models.ServeModelRepository](repositories),
		of[models.ExperimentRepository](repositories),
		of[models.ExperimentRunRepository](repositories),
		of[models.DataSetRepository](repositories),
		of[models.MetricRepository](repositories),
		of[models.ParameterRepository](repositories),
		of[models.MetricHistoryRepository](repositories),
		repositories.TypeMap(),
	)
	controller := openapi.NewModelRegistryServiceAPIController(openapi.NewModelRegistryServiceAPIService(registry))
	return middleware.WrapWithValidation(nil, controller), nil
}

// of gives the repository of one kind.
func of[T any](repositories datastore.RepoSet) T {
	repository, err := repositories.Repository(reflect.TypeFor[T]())
	if err != nil {
		log.Fatalf("the server has no repository of %v: %v", reflect.TypeFor[T](), err)
	}
	return repository.(T)
}
