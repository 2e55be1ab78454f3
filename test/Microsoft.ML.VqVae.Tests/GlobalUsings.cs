global using ImageModel = Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.ImageModelDescription, Microsoft.ML.VqVae.Networks.ImageVqVae>;
global using PriorModel = Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.PriorDescription, Microsoft.ML.VqVae.Networks.CodePrior>;
global using static Microsoft.ML.VqVae.Tests.LiveTensors;
