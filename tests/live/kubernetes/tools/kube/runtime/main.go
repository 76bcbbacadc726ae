// A container runtime that runs nothing, for a real kubelet of the live tests.
// Usage: runtime ENDPOINT MOUNTPOINT; images would lie on the file system mounted there.
package main

import (
	"log"
	"os"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-client/pkg/fake"
)

func main() {
	runtime := fake.NewFakeRemoteRuntime()
	images := []*runtimeapi.FilesystemUsage{{
		FsId:      &runtimeapi.FilesystemIdentifier{Mountpoint: os.Args[2]},
		UsedBytes: &runtimeapi.UInt64Value{},
	}}
	runtime.ImageService.SetFakeFilesystemUsage(images)
	runtime.ImageService.SetFakeContainerFilesystemUsage(images)
	if err := runtime.Start(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	select {}
}
