import * as tf from '../src';
async function main(){
  const g=new tf.Graph();
  const r=tf.withGraph(g,()=>{
    const x=tf.placeholder(tf.float32,{shape:[null,4],name:'x'});
    const y=tf.placeholder(tf.int32,{shape:[null],name:'y'});
    let h=tf.layers.dense(x,8,{useBias:false});
    h=tf.layers.batchNormalization(h,{training:true});
    h=tf.nn.relu(h);
    const logits=tf.layers.dense(h,3);
    const loss=tf.losses.sparseSoftmaxCrossEntropy(y,logits);
    const opt=new tf.train.GradientDescentOptimizer(0.1);
    const train=tf.controlDependencies(tf.getCollection(tf.GraphKeys.UPDATE_OPS),()=>opt.minimize(loss));
    return {x,y,loss,train,init:tf.globalVariablesInitializer()};
  });
  const s=new tf.Session({graph:g});
  await s.run(r.init);
  for(let i=0;i<5;i++){ const [l]=await s.run([r.loss,r.train],{feedDict:[[r.x,[[1,2,3,4],[4,3,2,1],[0,1,0,1]]],[r.y,[0,1,2]]]}); console.log(Number(l)); }
  console.log(String(await s.run('batch_normalization/moving_mean:0')));
}
main().catch(e=>console.log(e));
